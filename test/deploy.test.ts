import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'

import { validate } from 'dockerfile-utils'

import { SETTINGS } from '../src/config/schema.ts'

const root = join(import.meta.dir, '..')
const read = async (path: string): Promise<string> => Bun.file(join(root, path)).text()
const dockerfile = await read('Dockerfile')
const compose: any = Bun.YAML.parse(await read('docs/deploy/compose.yaml'))
const prometheus: any = Bun.YAML.parse(await read('docs/deploy/prometheus.yml'))
// The parser gives an array where a file holds several documents.
const manifests = Bun.YAML.parse(await read('docs/deploy/kubernetes.yaml')) as any[]
const manifest = (kind: string): any => manifests.find((found) => found.kind === kind)

const GRACE_MARGIN_S = 10
const settingNames = Object.values(SETTINGS).map(({ name }) => name as string)

describe('the Dockerfile', () => {
  test('has nothing that a linter would complain of', () => {
    expect(validate(dockerfile)).toEqual([])
  })

  test('sets only settings that there are, in both images', () => {
    const names = [...dockerfile.matchAll(/^ENV (.+)$/gm)].flatMap(([, pairs = '']) =>
      pairs.split(' ').map((pair) => pair.split('=')[0] ?? ''),
    )
    expect(names.length).toBeGreaterThan(5)
    expect(names.filter((name) => !settingNames.includes(name))).toEqual([])
  })

  test('builds with what the gate builds with, and runs nothing as root', async () => {
    const { packageManager }: any = JSON.parse(await read('package.json'))
    expect(dockerfile).toContain(`FROM oven/bun:${packageManager.split('@')[1]} AS build`)
    const images = dockerfile.split(/^FROM /m).slice(2)
    expect(images).toHaveLength(2)
    for (const image of images) {
      expect(image).toContain('\nUSER 65532:65532\n')
      expect(image).toContain('\nHEALTHCHECK ')
    }
  })
})

describe('the compose file', () => {
  const { server } = compose.services

  test('gives the server settings that there are, a read-only root and time to finish', () => {
    expect(Object.keys(server.environment).filter((name) => !settingNames.includes(name))).toEqual([])
    expect(server.read_only).toBe(true)
    const grace = Number.parseInt(server.stop_grace_period, 10)
    expect(grace).toBeGreaterThanOrEqual(Number(SETTINGS.shutdownTimeoutMs.default) + GRACE_MARGIN_S)
  })

  test('names volumes and a target that exist', () => {
    const named = [server, compose.services.prometheus].flatMap(({ volumes }: any) => volumes)
    for (const volume of named) {
      const [source] = volume.split(':')
      expect(source.startsWith('.') || source in compose.volumes).toBe(true)
    }
    expect(prometheus.scrape_configs[0].static_configs[0].targets).toEqual(['server:4000'])
  })
})

describe('the Kubernetes manifests', () => {
  const { spec } = manifest('Deployment')
  const [container] = spec.template.spec.containers

  test('are one replica that is replaced, as its files belong to one process', () => {
    expect([spec.replicas, spec.strategy.type]).toEqual([1, 'Recreate'])
  })

  test('run without root, on a read-only root, with limits and time to finish', () => {
    expect(spec.template.spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65532 })
    expect(container.securityContext).toMatchObject({
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
    })
    expect(container.resources.limits.memory).toBeDefined()
    expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(
      Number(SETTINGS.shutdownTimeoutMs.default) + GRACE_MARGIN_S,
    )
  })

  test('set only settings that there are, from one secret', () => {
    expect(container.env.filter(({ name }: any) => !settingNames.includes(name))).toEqual([])
    const secrets = container.env.map(({ valueFrom }: any) => valueFrom.secretKeyRef.name)
    expect(new Set(secrets)).toEqual(new Set(['openrouter-anthropic-server']))
  })

  test('find each other by label, port and claim', () => {
    const { labels } = spec.template.metadata
    for (const selector of [spec.selector.matchLabels, manifest('Service').spec.selector])
      expect(labels).toMatchObject(selector)
    expect(labels).toMatchObject(manifest('PodDisruptionBudget').spec.selector.matchLabels)
    const [volume] = spec.template.spec.volumes
    expect(volume.persistentVolumeClaim.claimName).toBe(manifest('PersistentVolumeClaim').metadata.name)
    expect(container.volumeMounts[0]).toEqual({ name: volume.name, mountPath: '/data' })
    expect(manifest('Service').spec.ports[0].targetPort).toBe(container.ports[0].name)
  })
})
