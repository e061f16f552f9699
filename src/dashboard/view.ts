/** One page of the dashboard. */
export interface View {
  readonly element: HTMLElement
  /** Called once the element is in the document. */
  readonly enter?: () => void
  /** Ends what the view has begun. */
  readonly leave?: () => void
}

/** Shows one thing of the view, such as a run. */
export interface Route {
  readonly view: string
  readonly id: string | undefined
}

export function readRoute(): Route {
  const [, view = '', id] = location.hash.split('/')
  return { view: view === '' ? 'runs' : view, id: id === undefined ? undefined : decodeURIComponent(id) }
}

export const linkTo = (view: string, id?: string): string =>
  `#/${view}${id === undefined ? '' : `/${encodeURIComponent(id)}`}`
