import type { Payload } from '../core/contract/files.ts'
import { lineOf } from './client.ts'
import type { Connection } from './credentials.ts'
import { type Download, type DownloadOptions, download, downloadJson } from './download.ts'
import { type UploadOptions, type UploadSource, upload } from './upload.ts'

/** The file calls of a client by themselves, for an instance: all else it says goes through its agent. */
export interface Transfers {
  readonly upload: (source: UploadSource, options?: UploadOptions) => Promise<Payload>
  readonly download: (taskId: string, name: string, options?: DownloadOptions) => Promise<Download>
  readonly downloadJson: (taskId: string, name: string, options?: DownloadOptions) => Promise<unknown>
}

export function createTransfers(connection: Connection): Transfers {
  const line = lineOf(connection, {})
  return {
    upload: (source, options) => upload(line, source, options),
    download: (taskId, name, options) => download(line, taskId, name, options),
    downloadJson: (taskId, name, options) => downloadJson(line, taskId, name, options),
  }
}
