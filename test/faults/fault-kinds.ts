/*
 * The faults that can stand between Berth and an API server, by what they are done to. What each breaks, and what Berth can be
 * expected to do about it, is said here and nowhere else.
 */

/** Done to one request and its answer. */
export const requestFaults = {
  /** Reaches the server late. Breaks nothing. */
  delay: 'the request reaches the server late',
  /** The answer comes late. Breaks nothing. */
  'slow-answer': 'the answer comes late',
  /** Half-open: the request is taken and neither forwarded nor answered. Healed by the client's own timeout. */
  hang: 'taken, never forwarded, never answered',
  /** Half-open after the fact: the server acts, no answer comes. Ambiguous for a write; healed by reading before anything else. */
  'hang-after': 'the server acts, no answer ever comes',
  /** The connection breaks before the server sees the request. Ambiguous for the client nevertheless. */
  reset: 'the connection breaks before the server acts',
  /** The connection breaks after the server acted. */
  'lose-answer': 'the server acts, the connection breaks',
  /** A gateway gave up waiting after the server acted. */
  'after-504': 'the server acts, the answer is 504',
  /** A load balancer lost its server after that had acted. */
  'after-502': 'the server acts, the answer is a 502 page in HTML',
  /** etcd took the write and the API server did not hear of it: "etcdserver: request timed out". */
  'after-500': 'the server acts, the answer is 500',
  /** The gateway gives up first, the server acts afterwards. */
  'late-commit': 'the answer is 504, the server acts afterwards',
  'answer-429': 'answered 429 with Retry-After',
  'answer-500': 'answered 500 without acting',
  'answer-503': 'answered 503 without acting',
  'answer-504': 'answered 504 without acting',
  /** Of a list or a watch: the version is gone. */
  'answer-410': 'answered 410',
  /** A page of a proxy's where JSON was expected. */
  html: 'answered 200 with a page in HTML',
  /** The body ends in the middle. */
  'cut-answer': 'the answer breaks off in the middle',
  /**
   * A list as it was some time ago, although no version was asked for: breaks the API's promise of the newest state (a stale
   * replica behind a broken load balancer). A client that has seen newer versions can notice.
   */
  'stale-list': 'an older list than one given before',
} as const;

/** Done to one frame of a watch. */
export const frameFaults = {
  duplicate: 'the frame comes twice',
  /** Breaks nothing: versions only move forward, whatever is repeated. */
  replay: 'some frames before it come once more after it',
  /** Two neighbours change places. Versions of one object still decide; nothing is lost. */
  swap: 'the frame comes after the one that follows it',
  /**
   * The frame never comes, while bookmarks go on: breaks the API's promise, and no client that only watches can notice. Healed by
   * the next list: one is forced after a while, or Berth's self-check has to notice and ask for it.
   */
  swallow: 'the frame never comes',
  'cut-end': 'half a frame, then the orderly end of the stream',
  'cut-reset': 'half a frame, then a broken connection',
  garbage: 'something that is not JSON comes in its place, then the end of the stream',
  shred: 'the bytes come one by one',
  /** Nothing more comes, and the connection stays. Healed by the client's idle limit. */
  stall: 'nothing comes any more, the connection stays open',
  'error-410': 'an ERROR frame: the version is gone',
  'error-500': 'an ERROR frame: internal error',
  'error-429': 'an ERROR frame: too many requests',
} as const;

/** Done at one moment, to the server, a connection or a process. */
export const incidents = {
  'end-watches': 'all watches end in good order',
  'break-connections': 'all connections break',
  /** Requests hang and watches stall for a while; then the connections break. */
  partition: 'nothing passes for a while',
  'expire-history': 'versions seen so far are gone (compaction)',
  'wall-clock-back': 'the wall clock of the process jumps back by an hour',
  'wall-clock-ahead': 'the wall clock of the process jumps ahead by an hour',
  kill: 'the process ends without a word and another starts',
  /** What a new leader knows is old: healed by a list after its election, before its first decision. */
  'blind-takeover': "the other candidates' watches fall silent, then the leader ends without a word",
  freeze: 'the process stops for longer than its lease and goes on',
  'restart-server': 'the API server crashes and starts again',
} as const;

export type RequestFault = keyof typeof requestFaults;
export type FrameFault = keyof typeof frameFaults;
export type Incident = keyof typeof incidents;

export const requestFaultNames = Object.keys(requestFaults) as RequestFault[];
export const frameFaultNames = Object.keys(frameFaults) as FrameFault[];

/** What a request is for. */
export type RequestClass =
  | 'list'
  | 'watch'
  /** One object read. */
  | 'read'
  | 'bind'
  | 'status'
  /** Pods deleted or evicted. */
  | 'evict'
  | 'event'
  | 'lease'
  | 'other';
