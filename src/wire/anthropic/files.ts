import { type Static, Type } from '@sinclair/typebox'

import { nullable, open } from '../schema.ts'

/** What is told of a stored file (Anthropic API, §1.4). */
export const FileMetadata = open(
  {
    type: Type.Literal('file'),
    id: Type.String(),
    filename: Type.String(),
    mime_type: Type.String(),
    size_bytes: Type.Integer({ minimum: 0 }),
    created_at: Type.String({ format: 'date-time' }),
    downloadable: Type.Boolean({ description: 'False for every file that was uploaded' }),
    expires_at: nullable(
      Type.String({ format: 'date-time', description: 'When the content is gone; null for never' }),
    ),
  },
  { $id: 'FileMetadata' },
)
export type FileMetadata = Static<typeof FileMetadata>

/** One page of the list of files, newest first. */
export const FileList = open(
  {
    data: Type.Array(FileMetadata),
    next_page: nullable(Type.String({ description: 'For `page`; null on the last page' })),
  },
  { $id: 'FileList' },
)
export type FileList = Static<typeof FileList>

/** What is left of a file that was deleted. */
export const DeletedFile = open(
  { id: Type.String(), type: Type.Literal('file_deleted') },
  { $id: 'DeletedFile' },
)
export type DeletedFile = Static<typeof DeletedFile>
