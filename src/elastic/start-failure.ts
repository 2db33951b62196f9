/** Why a node did not start, and what to do about it. */
export interface StartFailure {
  /** One line. */
  readonly cause: string
  readonly advice: string | undefined
}

/** What a node left behind. Since 8 the cause of most failures stands in its log file only; a broken yml never does. */
export interface StartTraces {
  /** The end of `<cluster>.log`. */
  readonly log: string
  /** The unit's journal of this start, or what the daemon printed. */
  readonly console: string
}

/** Finds the cause in what a failed start left behind; undefined when there is no sign of a failure. */
export function startFailure({ log, console }: StartTraces): StartFailure | undefined {
  // The console first: it belongs to this start for sure, while the log may end with an older one.
  return explained(console) ?? explained(lastStart(log)) ?? unexplained(lastStart(log)) ?? unexplained(console)
}

interface Rule {
  readonly pattern: RegExp
  /** Default: the matched text. */
  readonly cause?: (match: RegExpExecArray) => string
  readonly advice: string | ((match: RegExpExecArray) => string)
}

/** Texts of 7.17.24, 8.19.5 and 9.5.0 as measured. The tails are matched: the heads differ from version to version. */
const rules: readonly Rule[] = [
  {
    pattern: /(?:\[|line: ?)(\d+)[:,](?: ?column: ?)?(\d+)\]?[^\n]{0,40}?Duplicate field '([^']+)'/,
    cause: ([, line, column, name]) =>
      `elasticsearch.yml sets "${name ?? ''}" twice (line ${line ?? ''}, column ${column ?? ''})`,
    advice: 'Remove one of the two lines',
  },
  {
    pattern: /Duplicate field '([^']+)'(?:[\s\S]{0,300}?line: (\d+), column: (\d+))?/,
    cause: ([, name, line]) =>
      `elasticsearch.yml sets "${name ?? ''}" twice${line === undefined ? '' : ` (line ${line})`}`,
    advice: 'Remove one of the two lines',
  },
  {
    pattern: /\[(\d+):(\d+)\][^\n]*?\s*(found character '\\t\(TAB\)'[^\n]*)/,
    cause: ([, line, column]) => `elasticsearch.yml has a tab in line ${line ?? ''}, column ${column ?? ''}`,
    advice: 'Write blanks instead of the tab',
  },
  {
    pattern: /Failed to load settings from \[?elasticsearch\.yml\]?[\s\S]*?Caused by: [\w.$]+: ([^\n]+)/,
    cause: ([, reason]) => `elasticsearch.yml cannot be read: ${reason ?? ''}`,
    advice: 'Correct the file; "elkseal run … --check" names the place',
  },
  {
    pattern:
      /cannot read configured \[(\w+)\] (?:keystore|truststore)[^[\n]*\[([^\]]+)\] because the file does not exist/,
    cause: ([, , path]) => `"${path ?? ''}" does not exist`,
    advice: 'Put the file there, or correct the path in elasticsearch.yml',
  },
  {
    pattern:
      /cannot read configured \[(\w+)\] (?:keystore|truststore)[^[\n]*\[([^\]]+)\][^\n]*because access to read the file is blocked/,
    cause: ([, , path]) => `Elasticsearch may not read "${path ?? ''}": it lies outside its configuration folder`,
    advice: 'Put the file into the configuration folder',
  },
  {
    // 7.17 says "does not exist" of a file it may not read.
    pattern: /file \[([^\]]+)\] does not exist[\s\S]{0,60}?AccessDeniedException(?:\[|: )\1/,
    cause: ([, path]) => `Elasticsearch is not permitted to read "${path ?? ''}"`,
    advice: 'Give the file to the group of Elasticsearch with mode 0640',
  },
  {
    pattern: /(?:keystore|truststore|certificate|key|certificate_authorities) file \[([^\]]+)\] does not exist/,
    cause: ([, path]) => `"${path ?? ''}" does not exist`,
    advice: 'Put the file there, or correct the path in elasticsearch.yml',
  },
  {
    pattern: /access to read \w+ file \[([^\]]+)\] is blocked/,
    cause: ([, path]) => `Elasticsearch may not read "${path ?? ''}": it lies outside its configuration folder`,
    advice: 'Put the file into the configuration folder',
  },
  {
    pattern: /not permitted to read (?:the )?(?:\[\w+\] )?[^[\n]*\[([^\]]+)\]/,
    cause: ([, path]) => `Elasticsearch is not permitted to read "${path ?? ''}"`,
    advice: 'Give the file to the group of Elasticsearch with mode 0640',
  },
  {
    pattern:
      /cannot read configured \[(\w+)\] (?:keystore|truststore)[^[\n]*\[([^\]]+)\] - this is usually caused by an incorrect password(; \(no password was provided\))?/,
    cause: ([, , path, none]) =>
      none === undefined
        ? `the password in the Elasticsearch keystore does not open "${path ?? ''}"`
        : `the Elasticsearch keystore holds no password for "${path ?? ''}"`,
    advice: 'Set xpack.security.http.ssl.keystore.secure_password to the password of the file',
  },
  {
    pattern: /the PKCS12 keystore \[([^\]]+)\] ?does not contain a private key entry/,
    cause: ([, path]) => `"${path ?? ''}" holds no private key`,
    advice: 'It may be a truststore: place the http.p12 of this node',
  },
  {
    pattern: /the truststore \[([^\]]+)\] does not contain any trusted certificate entries/,
    advice: 'Trust authorities by a PEM file in certificate_authorities instead',
  },
  {
    pattern: /cannot specify both \[([^\]]+)\] and \[([^\]]+)\]/,
    advice: ([, first, second]) =>
      `Remove "${first ?? ''}" or "${second ?? ''}" from elasticsearch.yml or the keystore`,
  },
  {
    pattern: /cannot specify \[([^\]]+)\] without also setting \[([^\]]+)\]/,
    advice: 'Set both, or neither',
  },
  {
    pattern: /invalid SSL configuration for ([\w.]+) - server ssl configuration requires a key and certificate/,
    cause: ([, context]) => `${context ?? ''} is enabled but has neither a keystore nor a key and certificate`,
    advice: ([, context]) => `Set ${context ?? ''}.keystore.path`,
  },
  {
    pattern:
      /invalid configuration for ([\w.]+) - \[([^\]]+)\] is not set, but the following settings have been configured in elasticsearch\.yml : \[([^\]]+)\]/,
    cause: ([, , enabled, names]) => `"${enabled ?? ''}" is not set, but ${names ?? ''} are`,
    advice: ([, , enabled]) => `Set "${enabled ?? ''}", or remove the others (from the keystore too)`,
  },
  {
    pattern: /unknown (?:secure )?setting \[([^\]]+)\](?:[^\n]*?did you mean (?:any of )?\[?([^\]?\n]+))?/,
    cause: ([, name]) => `elasticsearch.yml or the keystore sets "${name ?? ''}", which this version does not know`,
    advice: ([, , near]) => (near === undefined ? 'Remove it' : `Did you mean ${near.trim()}?`),
  },
  {
    pattern: /bootstrap check failure \[\d+\] of \[\d+\]: ([^\n]+)/,
    cause: ([, reason]) => `a bootstrap check failed: ${(reason ?? '').replace(/; for more information see.*/, '')}`,
    advice: 'See Elastic’s page on bootstrap checks',
  },
  {
    pattern: /bootstrap checks failed[^\n]*\n(?:\[\d+\]: )?([^\n]+)/,
    cause: ([, reason]) => `a bootstrap check failed: ${(reason ?? '').replace(/^.*\[\d+\]: /, '')}`,
    advice: 'See Elastic’s page on bootstrap checks',
  },
  {
    pattern: /Provided keystore password was incorrect/i,
    cause: () => 'the Elasticsearch keystore is protected, and the password given at the start is wrong',
    advice: 'Check elasticsearch_keystore_password',
  },
  {
    pattern: /keystore password was incorrect/,
    cause: () => 'a stored password does not open its keystore or truststore',
    advice: 'Set xpack.security.http.ssl.keystore.secure_password to the password of the file',
  },
  {
    pattern:
      /(?:unable to read from standard input; is standard input open|Failed to read keystore password on console|keystore password is required but none)/i,
    cause: () => 'the Elasticsearch keystore is protected by a password, and the start was given none',
    advice: 'Set elasticsearch_keystore_password, or ES_KEYSTORE_PASSPHRASE_FILE of the unit',
  },
  {
    pattern: /AccessDeniedException: (\S*elasticsearch\.keystore\S*)/,
    cause: ([, path]) => `Elasticsearch is not permitted to read "${path ?? ''}"`,
    advice: 'Packages have it as root:elasticsearch with mode 0660',
  },
  {
    pattern: /can(?:not|'t| not) run elasticsearch as root/,
    cause: () => 'Elasticsearch does not run as root',
    advice: 'Set elasticsearch_user',
  },
  {
    pattern: /BindException: ([^\n]+)|BindTransportException: Failed to bind to ([^\n]+)/,
    cause: ([, one, two]) => `a port is taken: ${one ?? two ?? ''}`,
    advice: 'Look for another process on the port: ss -ltnp',
  },
  {
    pattern: /(?:failed to obtain node locks|LockObtainFailedException)[^\n]*/,
    cause: () => 'another Elasticsearch runs on the same data folder',
    advice: 'Stop it first',
  },
  {
    pattern: /encountered improperly formatted JVM option in \[([^\]]+)\] on line number \[(\d+)\]: \[([^\n]*)\]/,
    cause: ([, file, line, text]) => `"${file ?? ''}" has no JVM option in line ${line ?? ''}: "${text ?? ''}"`,
    advice: 'Correct the line',
  },
  {
    // The words are Java's own; its options come from jvm.options, jvm.options.d and ES_JAVA_OPTS.
    pattern:
      /(?:Unrecognized|Improperly specified) VM option '[^'\n]+'|Unrecognized option: [^\n]+|Invalid \w+ heap size: [^\n]+/,
    cause: ([text]) => `Java refuses its options: ${text}`,
    advice: 'Correct jvm.options, the files in jvm.options.d, or ES_JAVA_OPTS',
  },
  {
    pattern: /could not find java in ([^\n]+)/,
    advice: 'Set ES_JAVA_HOME in the environment of the service',
  },
  {
    pattern: /No space left on device/,
    advice: 'Make room on the disk',
  },
]

function explained(text: string): StartFailure | undefined {
  for (const { pattern, cause, advice } of rules) {
    const match = pattern.exec(text)
    if (match === null) continue
    return {
      cause: oneLine(cause === undefined ? match[0] : cause(match)),
      advice: typeof advice === 'string' ? advice : advice(match),
    }
  }
  return undefined
}

/** No text we know: the first exception behind the fatal line, else the last error. */
function unexplained(text: string): StartFailure | undefined {
  const fatal =
    /(?:fatal exception while booting Elasticsearch|uncaught exception in thread \[main\])[^\n]*\n([^\n]+)/.exec(text)
  const thrown = fatal?.[1] ?? lastMatch(text, /^(?:Caused by: )?(?:org|java)\.[\w.$]+(?:Exception|Error): [^\n]+/gm)
  const line = thrown ?? lastMatch(text, /^[^\n]*(?:\[ERROR\]|\[FATAL\]|ERROR: |died while starting)[^\n]*/gm)
  if (line === undefined) return undefined
  return { cause: oneLine(line.replace(/^(?:Caused by: )?(?:[\w$]+\.)+/, '')), advice: undefined }
}

/** From the line that every start begins with; the whole text when there is none. */
function lastStart(log: string): string {
  const start = log.search(/[^\n]*\bversion\[[^\]]+\], pid\[\d+\](?![\s\S]*\bversion\[[^\]]+\], pid\[)/)
  return start === -1 ? log : log.slice(start)
}

function lastMatch(text: string, pattern: RegExp): string | undefined {
  return [...text.matchAll(pattern)].at(-1)?.[0]
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 300 ? `${line.slice(0, 299)}…` : line
}
