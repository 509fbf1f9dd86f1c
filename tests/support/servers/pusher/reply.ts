/** What is answered to a request: JSON for 200, a sentence for the rest. */
export interface Reply {
  readonly status: number
  readonly body: unknown
}

export const ok = (body: object = {}): Reply => ({ status: 200, body })

export const refuse = (status: number, sentence: string): Reply => ({ status, body: sentence })
