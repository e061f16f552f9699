import { Type } from '@sinclair/typebox'

import { defineTool } from './tool.ts'

export const ls = defineTool({
  name: 'LS',
  description: 'Lists the files and folders in a folder of the working directory.',
  input: Type.Object({ path: Type.String({ description: 'The path of the folder' }) }),
  parallelSafe: true,
  perMinute: 120,
  risk: 'Shows the names of all files below the working directory to the model.',
  async run({ path }, { workspace }) {
    using folder = workspace.open(path)
    return workspace
      .list(folder)
      .map(({ name, kind }) => (kind === 'folder' ? `${name}/` : name))
      .toSorted()
      .join('\n')
  },
})
