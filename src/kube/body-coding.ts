import type { WireAnswer } from './http/exchange.js';
import { decodeObject, encodeObject } from './protobuf/envelope.js';
import { protobufMediaType } from './protobuf/media-type.js';
import type { ApiRequest } from './transport.js';

const jsonMediaType = 'application/json';
const eitherMediaType = `${protobufMediaType},${jsonMediaType}`;

/** A body as it is sent. */
export interface EncodedBody {
  readonly body: string | Buffer;
  readonly contentType: string;
}

type Asked = Pick<ApiRequest, 'protobuf' | 'accept' | 'body' | 'contentType'>;

/**
 * In what bodies are written and answers read. Protobuf is offered where a request allows it; a body is written so once the server has
 * answered so, which those that know nothing but JSON never do.
 */
export class BodyCoding {
  readonly #offersProtobuf: boolean;
  #serverKnowsProtobuf = false;
  #serverRefusesProtobuf = false;

  constructor({ offersProtobuf }: { readonly offersProtobuf: boolean }) {
    this.#offersProtobuf = offersProtobuf;
  }

  /** What the answer may be. */
  accept({ protobuf = false, accept = jsonMediaType }: Asked): string {
    return protobuf && this.#offersProtobuf ? eitherMediaType : accept;
  }

  /** @throws TypeError for a body that is not what its kind says. */
  encode({ body, contentType = jsonMediaType, protobuf = false }: Asked): EncodedBody | undefined {
    if (body === undefined) return undefined;
    const bytes =
      protobuf && this.#serverKnowsProtobuf && !this.#serverRefusesProtobuf ? encodeObject(body) : undefined;
    if (bytes !== undefined) return { body: bytes, contentType: protobufMediaType };
    return { body: JSON.stringify(body), contentType };
  }

  /** @throws SyntaxError, ProtobufError for what cannot be read. */
  decode({ body, protobuf }: WireAnswer): unknown {
    if (protobuf !== undefined) return decodeObject(protobuf);
    return body === '' ? undefined : JSON.parse(body);
  }

  /** Takes note of what a server answers in. */
  answered({ protobuf }: Pick<WireAnswer, 'protobuf'>): void {
    if (protobuf !== undefined) this.#serverKnowsProtobuf = true;
  }

  /** A body was refused for what it is written in. @returns whether to send it once more: in JSON, as all that follow. */
  bodyRefused(sent: EncodedBody | undefined): boolean {
    if (sent?.contentType !== protobufMediaType) return false;
    this.#serverRefusesProtobuf = true;
    return true;
  }
}

/** The text of an answer that is no success: of one in protobuf, as JSON would have brought it. */
export function refusalText({ body, protobuf }: Pick<WireAnswer, 'body' | 'protobuf'>): string {
  if (protobuf === undefined) return body;
  try {
    return JSON.stringify(decodeObject(protobuf));
  } catch {
    return '';
  }
}

/** Whether protobuf is offered under kube-scheduler's `clientConnection`: unless either of its fields says otherwise. */
export function offersProtobuf({
  contentType,
  acceptContentTypes,
}: {
  readonly contentType: string;
  readonly acceptContentTypes: string;
}): boolean {
  return (
    contentType === protobufMediaType &&
    (acceptContentTypes === '' || acceptContentTypes.includes(protobufMediaType))
  );
}
