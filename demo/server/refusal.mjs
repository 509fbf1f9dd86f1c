/** A request that the house will not do. Its message is for the person who asked. */
export class Refusal extends Error {
  /** @override */
  name = 'Refusal'

  /**
   * @param {string} message
   * @param {number} [status] over HTTP
   */
  constructor(message, status = 400) {
    super(message)
    this.status = status
  }
}
