import { apiOperation, type ApiOperation, ref } from './operation.ts'

const FILE_ID: NonNullable<ApiOperation['parameters']>[number] = {
  name: 'file_id',
  in: 'path',
  required: true,
  description: 'The id that the upload was answered with.',
  schema: { type: 'string', examples: ['file_0123456789abcdef0123456789abcdef'] },
}

const METADATA_EXAMPLE = {
  type: 'file',
  id: 'file_0123456789abcdef0123456789abcdef',
  filename: 'report.pdf',
  mime_type: 'application/pdf',
  size_bytes: 182_931,
  created_at: '2026-11-22T09:30:00.000Z',
  downloadable: false,
  expires_at: null,
}

const metadata = (description: string): ApiOperation['answer'] => ({
  description,
  content: { 'application/json': { schema: ref('FileMetadata'), example: METADATA_EXAMPLE } },
})

export const UPLOAD_FILE = apiOperation({
  operationId: 'uploadFile',
  tag: 'Files',
  summary: 'Upload a file',
  description:
    'Stores a file of up to 500 MB. A message then refers to it as `{"type": "file", "file_id": …}`, as the source of ' +
    'an `image` or a `document`. Where the part has no `filename` or no `Content-Type`, the bytes decide.',
  body: {
    'multipart/form-data': {
      schema: {
        type: 'object',
        required: ['file'],
        properties: {
          file: {
            type: 'string',
            contentMediaType: 'application/octet-stream',
            description: 'The file itself',
          },
          expires_in_seconds: {
            type: 'integer',
            minimum: 3600,
            maximum: 7_776_000,
            description:
              'After that time the content is gone. Without it, the file stays until it is deleted.',
          },
        },
      },
    },
  },
  answer: metadata('What is known of the file'),
  failures: ['request_too_large'],
})

export const LIST_FILES = apiOperation({
  operationId: 'listFiles',
  tag: 'Files',
  summary: 'List the files',
  description: 'The files of this key, newest first.',
  parameters: [
    {
      name: 'limit',
      in: 'query',
      description: 'The most files that one page may hold.',
      schema: { type: 'integer', minimum: 1, maximum: 1000, default: 20 },
    },
    {
      name: 'page',
      in: 'query',
      description: 'The `next_page` of the page before.',
      schema: { type: 'string' },
    },
    {
      name: 'ids[]',
      in: 'query',
      description: 'Only these files, as far as they exist. Not together with `limit` or `page`.',
      schema: { type: 'array', items: { type: 'string' }, maxItems: 100 },
    },
  ],
  answer: {
    description: 'One page of the list',
    content: {
      'application/json': {
        schema: ref('FileList'),
        example: { data: [METADATA_EXAMPLE], next_page: null },
      },
    },
  },
})

export const GET_FILE = apiOperation({
  operationId: 'getFile',
  tag: 'Files',
  summary: 'Get what is known of a file',
  parameters: [FILE_ID],
  answer: metadata('What is known of the file'),
  failures: ['not_found_error'],
})

export const DELETE_FILE = apiOperation({
  operationId: 'deleteFile',
  tag: 'Files',
  summary: 'Delete a file',
  parameters: [FILE_ID],
  answer: {
    description: 'The file is gone',
    content: {
      'application/json': {
        schema: ref('DeletedFile'),
        example: { id: METADATA_EXAMPLE.id, type: 'file_deleted' },
      },
    },
  },
  failures: ['not_found_error'],
})

export const DOWNLOAD_FILE = apiOperation({
  operationId: 'downloadFile',
  tag: 'Files',
  summary: 'Get the content of a file',
  description:
    'Only of files with `downloadable: true`. As at Anthropic, no upload is one of them: its content is answered with ' +
    'status 400 and the code `file_not_downloadable`.',
  parameters: [FILE_ID],
  answer: {
    description: 'The bytes, of the media type that the file has',
    content: { 'application/octet-stream': { schema: {} } },
  },
  failures: ['not_found_error'],
})
