import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { createBench, type Bench } from '../support.ts'

// What must not be refused: a guard that is in the way of work is switched off.

let bench: Bench
beforeAll(() => {
  bench = createBench()
  mkdirSync(join(bench.root, 'src'))
  writeFileSync(join(bench.root, 'a.txt'), 'b\na\nb\n')
  writeFileSync(join(bench.root, 'src/x.ts'), 'const api = "/api/users"\n')
  writeFileSync(join(bench.root, 'with space.txt'), 'spaced\n')
  mkdirSync(join(bench.root, 'plain'))
})
afterAll(() => bench[Symbol.dispose]())

test.each([
  ['ls -la', 'a.txt'],
  ['ls src; pwd', 'x.ts'],
  ['cat a.txt | sort | uniq -c', '2 b'],
  ['cat "with space.txt"', 'spaced'],
  ["cat 'with space.txt'", 'spaced'],
  ['cat with\\ space.txt', 'spaced'],
  ['head -n 1 a.txt && tail -n1 a.txt', 'b'],
  ['head -1 ./a.txt', 'b'],
  ['wc -l ./*.txt', 'total'],
  ['wc -l a*.txt src/*.ts', 'total'],
  ['grep -rn "/api/users" src', 'x.ts'],
  ['grep -c b a.txt', '2'],
  ['grep -i --include="*.ts" api -r .', 'users'],
  ['find . -name "*.ts" -type f', './src/x.ts'],
  ['find src -maxdepth 1 | wc -l', '2'],
  ['for f in ./*.txt; do echo "file: $f"; done', 'file: ./a.txt'],
  ['x=1; y="two words"; echo "$x and ${y}"', '1 and two words'],
  ['n=$(wc -l < a.txt); echo "lines: $n"', 'lines: 3'],
  ['if [ -f a.txt ]; then echo there; else echo gone; fi', 'there'],
  ['if [ "$(cat a.txt | head -1)" = b ]; then echo yes; fi', 'yes'],
  ['[[ -d src ]] && echo folder', 'folder'],
  ['diff <(sort a.txt) <(sort a.txt) && echo same', 'same'],
  ['echo $((2 * (3 + 4)))', '14'],
  ['echo one > ./out.txt; cat ./out.txt', 'one'],
  ['echo two >> out.txt 2>&1; cat < out.txt', 'two'],
  ['ls none 2>/dev/null || echo "not there"', 'not there'],
  ['mkdir -p deep/er && touch deep/er/t && ls deep/er', 't'],
  ['cp a.txt deep/b.txt && mv deep/b.txt deep/c.txt && ls deep', 'c.txt'],
  ['rm deep/c.txt; ls deep', 'er'],
  ['cd src && cat x.ts', 'users'],
  ['(cd src; ls)', 'x.ts'],
  ["sed --sandbox -n '1p' a.txt", 'b'],
  ["sed --sandbox -n '/a/p' a.txt", 'a'],
  ["printf '%s\\n' one two", 'two'],
  ['# what is there\nls', 'a.txt'],
  ['ls \\\n  -l', 'a.txt'],
  ['cat <<< "text"', 'text'],
  ['sleep 0 && true; ! false && echo "done"', 'done'],
  ['date +%Y/%m/%d', '/'],
  ['echo "cost: 5 € – naïve 😀"', '😀'],
  ['test_name=x; echo "$test_name"', 'x'],
  ['cut -d: -f1 a.txt | tr a-z A-Z', 'B'],
])('is run without a sandbox: %j', async (command, expected) => {
  expect(await bench.text('Bash', { command })).toContain(expected)
})

test('commands that the operator names are run, with words that are written out', async () => {
  using named = createBench({ commands: ['default', 'env'] })
  expect(await named.text('Bash', { command: 'env' })).toContain('PATH=')
  expect(await named.failure('Bash', { command: 'env id' })).toContain('id is not among the allowed commands')
})
