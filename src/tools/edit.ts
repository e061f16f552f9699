import { Type } from '@sinclair/typebox'

import { editFile } from './files/edit-file.ts'
import { filePath, renamed } from './files/parameters.ts'
import { replacementFields } from './files/replacement.ts'
import { defineTool } from './tool.ts'

export const edit = defineTool({
  name: 'Edit',
  description:
    'Replaces text in a file. The file must have been read before, and old_string must be exactly what it holds, ' +
    'spaces included and line numbers left out. It must be there once, unless replace_all is set. An empty old_string ' +
    'makes a new file.',
  input: Type.Object({ file_path: filePath('The file to change'), ...replacementFields }),
  accept: renamed({ path: 'file_path' }),
  parallelSafe: false,
  perMinute: 120,
  risk: 'Changes files below the working directory, .git aside.',
  bulky: ['old_string', 'new_string'],
  run: async ({ file_path, ...replacement }, context) => editFile(file_path, [replacement], context),
})
