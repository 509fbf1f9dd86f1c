import { count } from '../lib/format.ts'
import { notify } from '../lib/notices.ts'

const WANTED = 5
const PLACES = ['#kitchen', '#kitchen/grill', '#board', '#kitchen/bar', '#kitchen/cold']

export function TabsButton() {
  return (
    <button type="button" className="button primary" onClick={openTabs}>
      Open {WANTED} more tabs
    </button>
  )
}

/** A browser lets one click open one tab, unless pop-ups are allowed for the page: said, not hidden. */
function openTabs(): void {
  const opened = PLACES.filter(place => open(`${location.pathname}${place}`) !== null).length
  if (opened < WANTED)
    notify(
      `Opened ${count(opened, 'tab')}; the browser blocked ${WANTED - opened}. Allow pop-ups for this page, or press again.`,
    )
}
