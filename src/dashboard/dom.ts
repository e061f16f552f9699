type Child = Node | string | number | false | null | undefined
type Children = Child | readonly Children[]

/** An attribute, or with an `on…` name a listener. `false` and null leave it out. */
type Value = string | number | boolean | null | undefined | ((event: never) => void)

type ElementOf<Selector extends string> = Selector extends `${infer Name}.${string}`
  ? ElementNamed<Name>
  : ElementNamed<Selector>
type ElementNamed<Name extends string> = Name extends keyof HTMLElementTagNameMap
  ? HTMLElementTagNameMap[Name]
  : HTMLElement

/** Makes an element: `h('div.row.is-new', { title: 'x' }, 'text', child)`. */
export function h<Selector extends string>(
  selector: Selector,
  attributes: Readonly<Record<string, Value>> = {},
  ...children: readonly Children[]
): ElementOf<Selector> {
  const [name = 'div', ...classes] = selector.split('.')
  const element = document.createElement(name)
  if (classes.length > 0) element.className = classes.join(' ')
  return fill(setAll(element, attributes), children) as ElementOf<Selector>
}

const SVG = 'http://www.w3.org/2000/svg'

/** The same for SVG. */
export function s(
  selector: string,
  attributes: Readonly<Record<string, Value>> = {},
  ...children: readonly Children[]
): SVGElement {
  const [name = 'g', ...classes] = selector.split('.')
  const element = document.createElementNS(SVG, name)
  if (classes.length > 0) element.setAttribute('class', classes.join(' '))
  return fill(setAll(element, attributes), children)
}

function setAll<Target extends Element>(
  element: Target,
  attributes: Readonly<Record<string, Value>>,
): Target {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value as EventListener)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== false && value !== null && value !== undefined)
      element.setAttribute(name, String(value))
  }
  return element
}

function fill<Target extends Element>(element: Target, children: readonly Children[]): Target {
  for (const child of children) {
    if (Array.isArray(child)) fill(element, child as readonly Child[])
    else if (child instanceof Node) element.append(child)
    else if (typeof child === 'string' || typeof child === 'number') element.append(String(child))
  }
  return element
}

/** Puts these children in the place of all others. */
export function replace(element: Element, ...children: readonly Children[]): void {
  element.replaceChildren()
  fill(element, children)
}
