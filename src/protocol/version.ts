/**
 * The version of the tab ↔ broker protocol. Two sides understand each other when `major` agrees;
 * a higher `minor` only adds what the other side may ignore.
 */
export interface ProtocolVersion {
  readonly major: number
  readonly minor: number
}

export const PROTOCOL_VERSION: ProtocolVersion = { major: 1, minor: 0 }
