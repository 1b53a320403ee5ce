/** The input file's name, whatever it was called where it came from, and those of the result. */
export const VIDEO = 'video'
export const THUMBNAIL = 'thumbnail.jpg'
export const RENDITION = 'rendition.mp4'
