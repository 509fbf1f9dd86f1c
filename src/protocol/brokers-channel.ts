/**
 * The BroadcastChannel on which brokers of one scope, and the service worker, hear each other. No tab opens it: a
 * message there would end a page's stay in the back/forward cache.
 */
export function brokersChannel(scope: string): string {
  return `partyline:brokers:${scope}`
}
