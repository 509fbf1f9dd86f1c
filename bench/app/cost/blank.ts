/** What a page costs without any connection. */
import { watchFirstEvent } from './first-event.ts'

watchFirstEvent()()
