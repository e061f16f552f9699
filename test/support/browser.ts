import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The browser on this machine, if there is one. */
export const CHROMIUM =
  process.env['CHROMIUM'] ??
  Bun.which('chromium') ??
  Bun.which('chromium-browser') ??
  Bun.which('google-chrome')

export interface Page {
  /** The value of an expression; a promise is waited for. */
  readonly evaluate: (expression: string) => Promise<any>
  readonly goto: (url: string) => Promise<void>
  readonly resize: (width: number, height: number) => Promise<void>
  readonly setScheme: (scheme: 'light' | 'dark') => Promise<void>
  /** Presses one key, where the focus is. */
  readonly press: (key: string) => Promise<void>
  readonly type: (text: string) => Promise<void>
  readonly screenshot: (path: string) => Promise<void>
  /** Whatever the page complained of: errors, failed loads, broken security policies. */
  readonly complaints: readonly string[]
}

export interface Browser extends AsyncDisposable {
  readonly open: () => Promise<Page>
}

/** Starts a browser without a window, and talks to it by the DevTools protocol. */
export async function startBrowser(): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'))
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--no-first-run',
  ]
  const child = Bun.spawn(
    [
      CHROMIUM ?? 'chromium',
      ...flags,
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      'about:blank',
    ],
    { stdout: 'ignore', stderr: 'pipe' },
  )
  const host = await readHost(child.stderr)
  return {
    open: async () => {
      const answer = await fetch(`http://${host}/json/new?about:blank`, { method: 'PUT' })
      return connect(((await answer.json()) as { webSocketDebuggerUrl: string }).webSocketDebuggerUrl)
    },
    async [Symbol.asyncDispose]() {
      child.kill()
      await child.exited
      rmSync(profile, { recursive: true, force: true })
    },
  }
}

async function readHost(stderr: ReadableStream<Uint8Array>): Promise<string> {
  let text = ''
  for await (const bytes of stderr) {
    text += new TextDecoder().decode(bytes)
    const url = /DevTools listening on (ws:\S+)/.exec(text)?.[1]
    if (url) return new URL(url).host
  }
  throw new Error(`the browser did not start: ${text}`)
}

async function connect(url: string): Promise<Page> {
  const socket = new WebSocket(url)
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', reject)
  })
  const waiting = new Map<number, (message: any) => void>()
  const complaints: string[] = []
  let loaded = (): void => {}
  let lastId = 0

  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data))
    if (message.id !== undefined) waiting.get(message.id)?.(message)
    else if (message.method === 'Page.loadEventFired') loaded()
    else complaints.push(...complaintsIn(message))
  })
  const command = async (method: string, params: object = {}): Promise<any> => {
    const id = ++lastId
    const { promise, resolve } = Promise.withResolvers<any>()
    waiting.set(id, resolve)
    socket.send(JSON.stringify({ id, method, params }))
    const { result, error } = await promise
    waiting.delete(id)
    if (error) throw new Error(`${method}: ${error.message}`)
    return result
  }
  for (const domain of ['Runtime', 'Log', 'Page']) await command(`${domain}.enable`)

  const key = async (name: string, text?: string): Promise<void> => {
    const event = { key: name, ...(text === undefined ? {} : { text }), ...KEYS[name] }
    await command('Input.dispatchKeyEvent', { type: 'keyDown', ...event })
    await command('Input.dispatchKeyEvent', { type: 'keyUp', ...event })
  }
  return {
    complaints,
    async evaluate(expression) {
      const { result, exceptionDetails } = await command('Runtime.evaluate', {
        expression,
        awaitPromise: true,
        returnByValue: true,
      })
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
      return result.value
    },
    async goto(target) {
      const ready = new Promise<void>((resolve) => {
        loaded = resolve
      })
      await command('Page.navigate', { url: target })
      await ready
    },
    async resize(width, height) {
      await command('Emulation.setDeviceMetricsOverride', {
        width,
        height,
        deviceScaleFactor: 1,
        mobile: false,
      })
    },
    async setScheme(scheme) {
      await command('Emulation.setEmulatedMedia', {
        features: [{ name: 'prefers-color-scheme', value: scheme }],
      })
    },
    press: async (name) => key(name, name.length === 1 ? name : undefined),
    async type(text) {
      await command('Input.insertText', { text })
    },
    async screenshot(path) {
      const { data } = await command('Page.captureScreenshot', { format: 'png' })
      await Bun.write(path, Buffer.from(data, 'base64'))
    },
  }
}

/** What the browser wants to know of keys that write nothing. */
const KEYS: Readonly<Record<string, object>> = {
  Enter: { text: '\r', windowsVirtualKeyCode: 13 },
  Escape: { windowsVirtualKeyCode: 27 },
  ArrowDown: { windowsVirtualKeyCode: 40 },
  ArrowLeft: { windowsVirtualKeyCode: 37 },
  Tab: { windowsVirtualKeyCode: 9 },
}

function complaintsIn({ method, params }: { method: string; params: any }): string[] {
  if (method === 'Runtime.exceptionThrown')
    return [params.exceptionDetails.exception?.description ?? 'exception']
  if (method === 'Log.entryAdded' && params.entry.level === 'error') return [params.entry.text]
  if (method === 'Runtime.consoleAPICalled' && ['error', 'warning', 'assert'].includes(params.type))
    return [params.args.map((argument: any) => argument.value ?? argument.description).join(' ')]
  return []
}
