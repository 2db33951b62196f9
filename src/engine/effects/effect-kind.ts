import type { Clock } from '../../clock.ts'
import type { Shell } from '../../connection/connection.ts'
import type { Forecast } from '../../facts/forecast.ts'
import type { Reader, Subject } from '../../facts/question.ts'
import type { Values } from '../../modules/module.ts'
import type { Undoing } from './undoing.ts'

/** A host on which effects are performed. */
export interface Performer {
  readonly shell: Shell
  /** Answers from the host as it is now, with no forecast. */
  readonly reader: Reader
  /** Folder on the host for what effects replace; without one nothing can be undone. */
  readonly backupDir?: string | undefined
  /** Undefined: the folder is needed, and older ones are nobody's business. */
  readonly backupRule?: BackupRule | undefined
  readonly clock: Clock
}

export interface BackupRule {
  /** For the changes of how many runs the host keeps what they replaced. */
  readonly keep: number
  /** An account that may not write there keeps nothing, and goes on without. */
  readonly onlyWhereWritable: boolean
}

/** A host of which only the forecast is changed. `reader` answers through that forecast. */
export interface Forecaster {
  readonly reader: Reader
  readonly forecast: Forecast
  readonly clock: Clock
}

/** Everything about one kind of effect. */
export interface EffectKind<E> {
  /** What it touches: looks at these are stale afterwards. */
  subjects(effect: E): readonly Subject[]
  /** Does it. Throws a TaskError that says what is left behind. */
  perform(effect: E, host: Performer): Promise<Values>
  /** Writes what it would do into the forecast; unknown: nobody can say what it would do. */
  forecast(effect: E, host: Forecaster): Promise<'known' | 'unknown'>
  /** What undoing it needs to know; undefined when nothing undoes it. */
  undoing(effect: E): Undoing | undefined
}
