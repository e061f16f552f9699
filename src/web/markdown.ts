/** What a page says, without its menus and scripts. */
export interface Readable {
  readonly title: string | null
  readonly markdown: string
}

/** From here on a page is read by a rougher and quicker way: the libraries take seconds for millions of characters. */
const MAX_CAREFUL_CHARS = 2_000_000

/** HTML as Markdown: the article where there is one, else the whole body. Links become absolute. */
export async function toMarkdown(html: string, url: string): Promise<Readable> {
  if (html.length > MAX_CAREFUL_CHARS) return roughly(html)
  // Loaded with the first page only: together they are larger than the rest of the server's own code.
  const [{ parseHTML }, { Readability }, { default: Turndown }, { gfm }] = await Promise.all([
    import('linkedom'),
    import('@mozilla/readability'),
    import('turndown'),
    import('@joplin/turndown-plugin-gfm'),
  ])
  const { document } = parseHTML(html)
  const title = document.querySelector('title')?.textContent?.trim() || null
  for (const element of document.querySelectorAll('script, style, noscript, template, svg, iframe'))
    element.remove()
  for (const link of document.querySelectorAll('a[href]')) absolute(link, 'href', url)
  for (const image of document.querySelectorAll('img[src]')) absolute(image, 'src', url)
  const body = document.body?.innerHTML ?? html
  const article = new Readability(document as never, { charThreshold: 200 }).parse()
  const turndown = new Turndown({ headingStyle: 'atx', codeBlockStyle: 'fenced', bulletListMarker: '-' })
  turndown.use(gfm)
  const markdown = turndown.turndown(article?.content || body).trim()
  return { title: article?.title?.trim() || title, markdown }
}

interface Attributed {
  getAttribute(name: string): string | null
  setAttribute(name: string, value: string): unknown
}

function absolute(element: Attributed, name: string, base: string): void {
  const target = URL.parse(element.getAttribute(name) ?? '', base)
  if (target && target.protocol !== 'javascript:') element.setAttribute(name, target.href)
}

/** The text alone, line by line. */
function roughly(html: string): Readable {
  let title = ''
  let text = ''
  let hidden = 0
  const rewriter = new HTMLRewriter()
    .on('title', { text: (piece) => void (title += piece.text) })
    .on('script, style, noscript, template', {
      element(element) {
        hidden++
        element.onEndTag(() => void hidden--)
      },
    })
    .on('body', { text: (piece) => void (text += hidden > 0 ? '' : piece.text) })
  rewriter.transform(html)
  const lines = text.split('\n').map((line) => line.trim())
  return { title: title.trim() || null, markdown: lines.filter((line) => line !== '').join('\n') }
}
