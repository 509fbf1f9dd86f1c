import { cases } from '../../support/conformance/cases/index.ts'
import { conform } from '../../support/conformance/conform.ts'
import { subjects } from '../../support/conformance/subjects.ts'

for (const subject of subjects) conform(subject, cases)
