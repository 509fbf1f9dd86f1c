import { describe } from 'vitest'
import { cases } from '../../support/conformance/cases/index.ts'
import { conform } from '../../support/conformance/conform.ts'
import { subjects } from '../../support/conformance/subjects.ts'

describe.each(subjects.map(subject => [subject.name, subject] as const))('%s', (_, subject) => {
  conform(subject, cases)
})
