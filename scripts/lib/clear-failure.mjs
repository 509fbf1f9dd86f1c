/** A failure whose message alone says what to do; commands print it without a stack. */
export class ClearFailure extends Error {}

/**
 * Runs a command's main function. A {@link ClearFailure} is printed as its sentence, anything else with its stack;
 * both end with exit code 1.
 * @param {() => Promise<number>} main resolves with the exit code
 */
export async function runMain(main) {
  try {
    process.exitCode = await main()
  } catch (error) {
    console.error(error instanceof ClearFailure ? error.message : error)
    process.exitCode = 1
  }
}
