/** What a Pusher app is known by. The key is public, the secret only the servers' own. */
export interface App {
  readonly id: string
  readonly key: string
  readonly secret: string
}
