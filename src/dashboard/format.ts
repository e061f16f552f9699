const NONE = '–'

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** A count in full: 12,345. */
export const count = (value: number | null | undefined): string =>
  value === null || value === undefined ? NONE : number.format(value)

const UNITS = [
  ['G', 1e9],
  ['M', 1e6],
  ['k', 1e3],
] as const

/** A count in few characters: 12.3k. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE
  if (value < 1000) return number.format(value)
  const [unit, size] = UNITS.find(([, least]) => value >= least * 0.9995) ?? UNITS[2]
  const scaled = value / size
  return `${scaled < 99.95 ? scaled.toFixed(1) : scaled.toFixed(0)}${unit}`
}

/** A length of time: 4.2 ms, 830 ms, 2.41 s, 3 min 5 s. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return NONE
  if (ms === 0) return '0 ms'
  if (ms < 0.1) return '<0.1 ms'
  if (ms < 10) return `${ms.toFixed(1)} ms`
  if (ms < 1000) return `${ms.toFixed(0)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`
  return `${Math.floor(ms / 3_600_000)} h ${Math.floor((ms % 3_600_000) / 60_000)} min`
}

/** US dollars with as many digits as the amount needs. */
export function money(usd: number | null | undefined): string {
  if (usd === null || usd === undefined) return NONE
  if (usd === 0) return '$0'
  if (usd < 0.00005) return '<$0.0001'
  return `$${usd.toFixed(usd < 0.1 ? 4 : 2)}`
}

export const percent = (share: number): string =>
  Number.isFinite(share) ? `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %` : NONE

/** A size: 512 B, 12 KB, 3.4 MB. */
export function bytes(value: number): string {
  if (value < 1024) return `${value} B`
  if (value < 1_048_576) return `${(value / 1024).toFixed(0)} KB`
  return `${(value / 1_048_576).toFixed(1)} MB`
}

const pad = (value: number): string => String(value).padStart(2, '0')

/** The time of the day, and the day where it is not today's. */
export function moment(iso: string): string {
  const date = new Date(iso)
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`
  const isToday = date.toDateString() === new Date().toDateString()
  return isToday ? time : `${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${time}`
}

/** An id that is too long to be shown, by its end. */
export const shortId = (id: string): string => (id.length > 12 ? `…${id.slice(-8)}` : id)
