/** A request that the house will not do. Its message is for the person who asked. */
export class Refusal extends Error {
  /** @override */
  name = 'Refusal'
}
