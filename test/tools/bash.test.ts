import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

import { until } from '../support/wait.ts'
import { type Bench, createBench, hasSandbox } from './support.ts'

setDefaultTimeout(20_000)

const bash = async (bench: Bench, command: string, fields: object = {}): Promise<string> =>
  bench.text('Bash', { command, ...fields })

/** Whether a process runs whose command line is that. */
const runs = (commandLine: string): boolean =>
  readdirSync('/proc').some((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8') === `${commandLine.replaceAll(' ', '\0')}\0`
    } catch {
      return false
    }
  })

describe.each([
  ['without a sandbox', false],
  ['in the sandbox', true],
])('a command %s', (_, sandbox) => {
  const open = (fields: object = {}): Bench => createBench({ sandbox: sandbox && hasSandbox, ...fields })

  test('runs in the working directory and says what it printed', async () => {
    using bench = open()
    expect(await bash(bench, 'pwd')).toBe(bench.root)
    expect(await bash(bench, 'echo one; echo two | tr a-z A-Z')).toBe('one\nTWO')
    expect(await bash(bench, 'true')).toContain('printed nothing')
    expect(await bash(bench, 'cat', { input: 'typed in' })).toBe('typed in')
  })

  test('that fails says so, with both outputs in their order', async () => {
    using bench = open()
    expect(await bench.failure('Bash', { command: 'echo before; cat ./none; echo after; false' })).toMatch(
      /^Exit code 1\nbefore\ncat: .*No such file.*\nafter$/,
    )
  })

  test('knows nothing of the environment of the server', async () => {
    using bench = open({ commands: ['default', 'env'] })
    process.env['SECRET_OF_THE_SERVER'] = 'hunter2'
    const text = await bash(bench, 'env')
    delete process.env['SECRET_OF_THE_SERVER']
    expect(text).not.toContain('hunter2')
    const names = text.split('\n').map((line) => line.split('=')[0])
    expect(new Set(names)).toEqual(
      new Set(['HOME', 'LANG', 'PATH', 'PWD', 'SHLVL', 'TERM', 'TMPDIR', 'TOOL_RUN_ID', '_']),
    )
  })

  test('that takes too long is ended with all it started', async () => {
    using bench = open({ commands: ['default', 'sh'] })
    const message = await bench.failure('Bash', { command: 'echo started; sleep 987.5', timeout: 700 })
    expect(message).toContain('ended after 0.7 seconds')
    expect(message).toContain('started')
    expect(runs('sleep 987.5')).toBe(false)
  })

  test('that is no longer wanted is ended', async () => {
    using bench = open()
    const controller = new AbortController()
    const running = bench.run('Bash', { command: 'sleep 987.25' }, { signal: controller.signal })
    await until('it runs', () => runs('sleep 987.25'))
    controller.abort(new Error('gone'))
    expect(await running.catch(String)).toBe('Error: gone')
    await until('it is ended', () => !runs('sleep 987.25'))
  })

  test('may print a lot, and the middle is left out', async () => {
    using bench = open({ maxOutputChars: 2000 })
    const text = await bash(bench, 'seq 100000')
    expect(text).toStartWith('1\n2\n')
    expect(text).toEndWith('\n100000')
    expect(text).toContain('characters left out')
    expect(text.length).toBeLessThan(2200)
  })

  test('in the background is asked for what it printed, and ended', async () => {
    using bench = open()
    const started = await bash(bench, 'echo one; echo two; sleep 987.125', { run_in_background: true })
    const bash_id = /bash_\d+/.exec(started)?.[0]
    let seen = ''
    await until('it printed', async () =>
      (seen += await bench.text('BashOutput', { bash_id })).includes('two'),
    )
    expect(seen).toContain('Status: running')
    expect(await bench.failure('BashOutput', { bash_id }, { conversation: 'other' })).toContain(
      'There is no command',
    )
    expect(await bench.failure('KillShell', { shell_id: bash_id }, { owner: 'bob' })).toContain(
      'There is no command',
    )
    expect(await bench.text('KillShell', { shell_id: bash_id })).toContain('was ended')
    await until('it is gone', () => !runs('sleep 987.125'))
    expect(await bench.text('BashOutput', { bash_id })).toContain('Status: killed')
  })

  test('in the background ends with the server', async () => {
    {
      using bench = open()
      await bash(bench, 'sleep 986.5', { run_in_background: true })
      await until('it runs', () => runs('sleep 986.5'))
    }
    await until('it is gone', () => !runs('sleep 986.5'))
  })
})

test('BashOutput shows the lines that match', async () => {
  using bench = createBench()
  const started = await bash(bench, 'seq 20', { run_in_background: true })
  const bash_id = /bash_\d+/.exec(started)?.[0]
  let seen = ''
  await until('it ended', async () =>
    (seen += await bench.text('BashOutput', { bash_id, filter: '^1\\d$' })).includes(
      'completed (exit code 0)',
    ),
  )
  expect(seen).toContain('10\n11')
  expect(seen).not.toContain('\n2\n')
  expect(await bench.failure('BashOutput', { bash_id, filter: '(' })).toContain('regular expression')
})

test('a command that hides from its group is ended all the same', async () => {
  using bench = createBench({ commands: ['default', 'setsid'] })
  await bash(bench, 'setsid -f sleep 985.5')
  await until('it is gone', () => !runs('sleep 985.5'))
})

test('a command that takes too much memory is ended', async () => {
  using bench = createBench({ commands: ['default', 'python3'], maxMemoryBytes: 50_000_000 })
  writeFileSync(join(bench.root, 'eat.py'), 'import time\nx = "y" * 400_000_000\ntime.sleep(60)\n')
  expect(await bench.failure('Bash', { command: 'python3 eat.py' })).toContain('too much memory')
})

test('timeouts of up to 600 are seconds', async () => {
  using bench = createBench({ timeoutMs: 300 })
  expect(await bash(bench, 'sleep 0.6; echo done', { timeout: 5 })).toBe('done')
  expect(await bench.failure('Bash', { command: 'sleep 5' })).toContain('after 0.3 seconds')
})

describe.if(hasSandbox)('the sandbox', () => {
  const open = (): Bench => createBench({ sandbox: true })

  test('shows nothing but the working directory and the programs of the system', async () => {
    using bench = open()
    writeFileSync(join(bench.outside, 'secret.txt'), 'hunter2')
    for (const command of [
      `cat ${bench.outside}/secret.txt`,
      'cat ../secret.txt',
      'cat /etc/passwd /etc/shadow',
      `ls ${process.cwd()}`,
      `cat /proc/${process.pid}/environ`,
      `cat ${homedir()}/.bashrc`,
      `python3 -c 'print(open("${bench.outside}/secret.txt").read())'`,
    ])
      expect(await bench.failure('Bash', { command })).not.toContain('hunter2')
  })

  test('keeps what is outside from being written', async () => {
    using bench = open()
    const target = join(bench.outside, 'new.txt')
    await bench.run('Bash', { command: `echo x > ${target}; touch /usr/bin/x /etc/x; echo y > ./in.txt` })
    expect(existsSync(target)).toBe(false)
    expect(existsSync('/usr/bin/x')).toBe(false)
    expect(readFileSync(join(bench.root, 'in.txt'), 'utf8')).toBe('y\n')
  })

  test('keeps links that it made from leading other tools outside', async () => {
    using bench = open()
    writeFileSync(join(bench.outside, 'secret.txt'), 'hunter2')
    await bash(
      bench,
      `ln -s ${bench.outside} dir; ln -s ${bench.outside}/secret.txt file; ln -s ${bench.outside}/new new`,
    )
    for (const [tool, input] of [
      ['Read', { file_path: 'file' }],
      ['Read', { file_path: 'dir/secret.txt' }],
      ['LS', { path: 'dir' }],
      ['Glob', { pattern: '*', path: 'dir' }],
      ['Write', { file_path: 'new', content: 'x' }],
      ['Write', { file_path: 'dir/x.txt', content: 'x' }],
    ] as const)
      await bench.failure(tool, input)
    expect(await bench.text('Glob', { pattern: '**/*' })).toBe('No files found')
    expect(existsSync(join(bench.outside, 'x.txt'))).toBe(false)
  })

  test('has no network', async () => {
    using bench = open()
    const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response('hunter2') })
    const command = `exec 3<>/dev/tcp/127.0.0.1/${server.port}`
    await bench.failure('Bash', { command: `bash -c '${command}'` })
    await server.stop(true)
  })

  test('keeps the hooks and settings of git as they are', async () => {
    using bench = open()
    mkdirSync(join(bench.root, '.git/hooks'), { recursive: true })
    writeFileSync(join(bench.root, '.git/config'), '[core]\n')
    await bench.failure('Bash', { command: 'echo x > .git/hooks/pre-commit' })
    await bench.failure('Bash', { command: 'echo x >> .git/config' })
  })

  test('lets a program be written, run and mended', async () => {
    using bench = open()
    await bench.text('Write', { file_path: 'sum.sh', content: 'echo $((1 + 1)\n' })
    expect(await bench.failure('Bash', { command: 'bash sum.sh' })).toContain('Exit code')
    await bench.text('Edit', { file_path: 'sum.sh', old_string: '1)', new_string: '1))' })
    expect(
      await bash(bench, 'bash sum.sh && chmod +x sum.sh && for i in 1 2; do echo "$i: $(./sum.sh)"; done'),
    ).toBe('2\n1: 2\n2: 2')
  })
})
