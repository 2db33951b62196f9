import { limitRecords, type RecordLimit } from './record-limit.ts'

// For `node --import`: the process kills itself at a record of the journal, ELKSEAL_DIE="behind 7" or "before the next 7".
const [, end, records] = /^(behind|before the next) (\d+)$/.exec(process.env['ELKSEAL_DIE'] ?? '') ?? []
if (end !== undefined) {
  limitRecords({ records: Number(records), end: end as RecordLimit['end'] }, () => {
    process.kill(process.pid, 'SIGKILL')
  })
}
