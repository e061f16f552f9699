import { Type } from '@sinclair/typebox'

import { editFile } from './files/edit-file.ts'
import { filePath, renamed } from './files/parameters.ts'
import { replacementFields } from './files/replacement.ts'
import { defineTool } from './tool.ts'

export const multiEdit = defineTool({
  name: 'MultiEdit',
  description:
    'Replaces several texts in one file, one after the other: each replacement works on what the one before left. All ' +
    'are done or none. The rules of Edit hold for each.',
  input: Type.Object({
    file_path: filePath('The file to change'),
    edits: Type.Array(Type.Object(replacementFields), {
      minItems: 1,
      description: 'The replacements, in order',
    }),
  }),
  accept: renamed({ path: 'file_path' }),
  parallelSafe: false,
  perMinute: 60,
  risk: 'As Edit.',
  bulky: ['edits'],
  run: async ({ file_path, edits }, context) => editFile(file_path, edits, context),
})
