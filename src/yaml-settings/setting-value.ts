/** What a setting can be given. Lists are written in flow style: `[a, b]`. */
export type SettingValue = string | number | boolean | null | readonly SettingValue[]

/** A value as every reader of these files takes it: Elasticsearch (SnakeYAML), Kibana (js-yaml), Beats (go-yaml). */
export function renderValue(value: SettingValue): string {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'object') return `[${value.map(renderValue).join(', ')}]`
  if (/^[A-Za-z_/][\w./-]*$/.test(value) && !notPlain.test(value)) return value
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

const notPlain = /^(y|n|yes|no|on|off|true|false|null)$/i
