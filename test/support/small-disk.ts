/** Whether this machine lets us mount a disk that only one process sees. */
export const CAN_MOUNT =
  process.platform === 'linux' &&
  Bun.spawnSync(['unshare', '-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], {
    stdio: ['ignore', 'ignore', 'ignore'],
  }).exitCode === 0

/** For `startServer`: the process finds a disk of that size at `path`, which must be a folder. */
export const onSmallDisk = (path: string, options: string): readonly string[] => [
  'unshare',
  '-rm',
  'sh',
  '-c',
  `mount -t tmpfs -o ${options} tmpfs "$0" && exec "$@"`,
  path,
]
