/** In which Kubernetes API servers write objects as protobuf: see envelope.ts. */
export const protobufMediaType = 'application/vnd.kubernetes.protobuf';
