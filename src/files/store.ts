/** What is known of a file besides its bytes. */
export interface StoredFile {
  /** `file_…` */
  readonly id: string
  readonly filename: string
  /** Without parameters, in lower case. */
  readonly mimeType: string
  readonly sizeBytes: number
  readonly createdAtMs: number
  /** From then on its bytes are gone; undefined for never. */
  readonly expiresAtMs: number | undefined
  /** Whether its bytes may be fetched. Only files that the server itself made can be, never an upload. */
  readonly downloadable: boolean
}

/** A file with its bytes, which are read from the disk only when they are asked for. */
export interface FileContent {
  readonly file: StoredFile
  readonly bytes: Blob
}

/** What whoever stores a file says of it; what is undefined the bytes decide. */
export interface FileDescription {
  readonly filename: string | undefined
  readonly mediaType: string | undefined
  /** Undefined leaves it to the store. */
  readonly expireAfterMs: number | undefined
  readonly downloadable?: boolean
}

/** A file that is to be stored. */
export interface NewFile {
  readonly owner: string
  /** The bytes as they come; when this throws, nothing is stored. */
  readonly content: AsyncIterable<Uint8Array>
  /** Asked when all bytes are there, as a form may tell it behind them; when this throws, nothing is stored. */
  readonly describe: () => Promise<FileDescription>
}

/** Either the files of these ids, as far as they exist, or a page of all. */
export type FileQuery =
  | { readonly ids: readonly string[] }
  | { readonly limit: number; readonly page: string | undefined }

/** Newest first. */
export interface FilePage {
  readonly files: readonly StoredFile[]
  /** The next query's `page`; undefined on the last one. */
  readonly nextPage: string | undefined
}

/**
 * Keeps files. Each is one owner's: to anybody else it does not exist. What a client can get wrong, and what the disk
 * cannot do, is a `Failure`.
 */
export interface FileStore {
  /** The largest file that is taken. */
  readonly maxBytes: number
  /** Stores a file whole or not at all. */
  put(file: NewFile): Promise<StoredFile>
  /** Throws a 404 for what does not exist; tells also of a file whose bytes have expired. */
  get(owner: string, id: string): Promise<StoredFile>
  list(owner: string, query: FileQuery): Promise<FilePage>
  /** Throws a 404 for what does not exist. */
  remove(owner: string, id: string): Promise<void>
  /** Throws a 404 for what does not exist, and one of code `file_expired` for bytes that are gone. */
  read(owner: string, id: string): Promise<FileContent>
  /** Removes the bytes that have expired and what a crash left behind; to be called at the start and now and then. */
  cleanup(): Promise<void>
  close(): void
}
