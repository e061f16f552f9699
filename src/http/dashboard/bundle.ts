/**
 * Bundles the dashboard's script. Called as a macro: at build time for the compiled program, and when the module is
 * loaded from source. Bun cannot run its bundler inside of its bundler, hence the process of its own.
 */
export function bundleDashboard(): string {
  const entry = Bun.fileURLToPath(new URL('../../dashboard/app.ts', import.meta.url))
  const { stdout, stderr, success } = Bun.spawnSync([
    process.execPath,
    'build',
    entry,
    '--target=browser',
    '--minify',
  ])
  if (!success) throw new Error(`the dashboard cannot be bundled: ${stderr.toString()}`)
  return stdout.toString()
}
