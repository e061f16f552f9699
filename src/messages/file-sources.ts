import type { RequestContext } from '../core/context.ts'
import { Failure, invalidRequest } from '../core/errors.ts'
import { notFound } from '../files/failures.ts'
import type { FileContent, FileStore, StoredFile } from '../files/store.ts'
import { mergeTurns } from '../translate/turns.ts'
import {
  type ContentBlock,
  type DocumentBlock,
  IMAGE_MEDIA_TYPES,
  type ImageBlock,
  type ToolResultContent,
} from '../wire/anthropic/content.ts'
import type { CountTokensRequest, Message } from '../wire/anthropic/request.ts'
import type { Services } from './services.ts'
import type { ValidRequest } from './validate.ts'
import { checkImageSize, findMismatch, isSigned } from './validation/media.ts'
import { insideBlock, type Located, locateBlocks } from './validation/subject.ts'

type Block = ContentBlock | ToolResultContent
type FileBlock = (ImageBlock | DocumentBlock) & { readonly source: { readonly type: 'file' } }
type LocatedFile = Located & { readonly block: FileBlock }

type FileServices = Pick<Services, 'files' | 'strict' | 'maxRequestBytes'>

/**
 * Puts the content of the files that a request names into their place, so that no later step knows of files (Anthropic
 * API, §1.4). The client's body stays as it is; without files the request is the same object. Throws a `Failure` for
 * files that do not exist, have expired, or are nothing that such a block can hold.
 */
export async function resolveFiles<Request extends CountTokensRequest>(
  valid: ValidRequest<Request>,
  services: FileServices,
  { owner }: Pick<RequestContext, 'owner'>,
): Promise<ValidRequest<Request>> {
  if (!valid.turns.some(({ content }) => content.some(holdsFile))) return valid
  const wanted = locateBlocks(valid.turns).filter(isLocatedFile)
  const inline = await readAll(wanted, services, owner)
  const messages = valid.request.messages.map((message) => withFiles(message, inline))
  return { request: { ...valid.request, messages }, turns: mergeTurns(messages) }
}

const isFileBlock = (block: Block): block is FileBlock =>
  (block.type === 'image' || block.type === 'document') && block.source.type === 'file'

const isLocatedFile = (located: Located): located is LocatedFile => isFileBlock(located.block)

/** Whether it is a file, or has one inside. */
function holdsFile(block: Block): boolean {
  if (isFileBlock(block)) return true
  if (block.type === 'tool_result') return Array.isArray(block.content) && block.content.some(holdsFile)
  if (block.type !== 'document' || block.source.type !== 'content') return false
  return Array.isArray(block.source.content) && block.source.content.some(holdsFile)
}

/** The blocks of files, and what stands for each of them. */
type Inline = ReadonlyMap<Block, Block>

async function readAll(
  wanted: readonly LocatedFile[],
  { files, strict, maxRequestBytes }: FileServices,
  owner: string,
): Promise<Inline> {
  const inline = new Map<Block, Block>()
  /** A file that is named twice is read once. */
  const texts = new Map<string, string>()
  let total = 0
  for (const located of wanted) {
    const id = located.block.source.file_id
    const content = await readFile(id, files, owner)
    const form = formOf(located, content)
    total += form.charsOf(content.file.sizeBytes)
    if (total > maxRequestBytes) throw tooLarge(maxRequestBytes)
    const text = texts.get(id) ?? (await readForm(form, content, located))
    texts.set(id, text)
    checkContent(located, content.file, text, strict)
    inline.set(located.block, withSource(located.block, content.file, form.toSource(content.file, text)))
  }
  return inline
}

async function readFile(id: string, files: FileStore | undefined, owner: string): Promise<FileContent> {
  if (!files) throw notFound(id)
  return files.read(owner, id)
}

async function readForm(form: Form, { file, bytes }: FileContent, located: LocatedFile): Promise<string> {
  try {
    return await form.read(bytes, located)
  } catch (error) {
    // Deleted just now.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw notFound(file.id)
    throw error
  }
}

const tooLarge = (maxBytes: number): Failure =>
  new Failure(
    'request_too_large',
    `Request exceeds the maximum size of ${maxBytes} bytes with the files that it names`,
  )

/** In what form a file's content is said. */
interface Form {
  readonly fits: (mimeType: string) => boolean
  readonly charsOf: (bytes: number) => number
  readonly read: (bytes: Blob, located: LocatedFile) => Promise<string>
  readonly toSource: (file: StoredFile, text: string) => object
}

const BASE64 = {
  charsOf: (bytes: number) => Math.ceil(bytes / 3) * 4,
  read: async (bytes: Blob) => Buffer.from(await bytes.arrayBuffer()).toString('base64'),
  toSource: ({ mimeType }: StoredFile, data: string) => ({ type: 'base64', media_type: mimeType, data }),
}

const IMAGE: Form = { ...BASE64, fits: (mimeType) => IMAGE_MEDIA_TYPES.some((type) => type === mimeType) }
const PDF: Form = { ...BASE64, fits: (mimeType) => mimeType === 'application/pdf' }
const TEXT: Form = {
  fits: (mimeType) => /^text\/|[/+.-](?:json|ndjson|jsonl|xml|yaml|toml|javascript|sql)$/.test(mimeType),
  charsOf: (bytes) => bytes,
  read: readUtf8,
  toSource: (_file, data) => ({ type: 'text', media_type: 'text/plain', data }),
}

/**
 * The block with that source; `fits` has seen to it that the block can have it. A document without a title is called
 * like its file: models tell several documents apart by their names.
 */
const withSource = (block: FileBlock, { filename }: StoredFile, source: object): Block =>
  (block.type === 'document'
    ? { ...block, source, title: block.title || filename }
    : { ...block, source }) as Block

/** What each block can hold, and how that is told. */
const FORMS: Readonly<
  Record<FileBlock['type'], { readonly forms: readonly Form[]; readonly allowed: string }>
> = {
  image: { forms: [IMAGE], allowed: `an image block can hold ${IMAGE_MEDIA_TYPES.join(', ')}` },
  document: { forms: [PDF, TEXT], allowed: 'a document block can hold application/pdf and text' },
}

function formOf(located: LocatedFile, { file }: FileContent): Form {
  const { forms, allowed } = FORMS[located.block.type]
  const form = forms.find(({ fits }) => fits(file.mimeType))
  if (form) return form
  throw invalidRequest(`${pathOf(located)}: File \`${file.id}\` is ${file.mimeType}; ${allowed}`)
}

const pathOf = (located: LocatedFile): string => insideBlock(located, 'source', 'file')

async function readUtf8(bytes: Blob, located: LocatedFile): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await bytes.arrayBuffer())
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw invalidRequest(`${pathOf(located)}: File \`${located.block.source.file_id}\` is not UTF-8 text`)
  }
}

/** What is said of data in a request, a file has to keep too (Anthropic API, V51–V53). */
function checkContent(
  located: LocatedFile,
  { mimeType, sizeBytes }: FileContent['file'],
  data: string,
  strict: boolean,
): void {
  if (isSigned(mimeType)) {
    const fault = findMismatch(located.block.type, { media_type: mimeType, data })
    if (fault) throw invalidRequest(`${pathOf(located)}: ${fault}`)
  }
  if (strict && located.block.type === 'image') checkImageSize(pathOf(located), sizeBytes)
}

function withFiles(message: Message, inline: Inline): Message {
  const { content } = message
  if (!Array.isArray(content) || !content.some(holdsFile)) return message
  return { ...message, content: content.map((block) => withFile(block, inline)) as ContentBlock[] }
}

function withFile(block: Block, inline: Inline): Block {
  if (!holdsFile(block)) return block
  if (block.type === 'tool_result' && Array.isArray(block.content))
    return { ...block, content: block.content.map((inner) => withFile(inner, inline)) as ToolResultContent[] }
  if (block.type === 'document' && block.source.type === 'content' && Array.isArray(block.source.content))
    return withInner(
      block,
      block.source.content.map((inner) => withFile(inner, inline)),
    )
  return inline.get(block) ?? block
}

const withInner = (block: DocumentBlock, content: readonly Block[]): DocumentBlock =>
  ({ ...block, source: { ...block.source, content } }) as DocumentBlock
