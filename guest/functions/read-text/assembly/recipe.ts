/** The numbers of the PP-OCRv4 pipeline (PaddleOCR 2.7, tools/infer; Apache-2.0), all in one place. */

/** Names of the three models as a node knows them. */
export const MODEL_DETECT = 'ppocr-det'
export const MODEL_DIRECTION = 'ppocr-cls'
export const MODEL_READ = 'ppocr-rec'

/** Detector input: longest side at most this, both sides multiples of SIDE_STEP. */
export const DETECT_SIDE_MAX = 960
export const SIDE_STEP = 32
/** A pixel belongs to text above this probability. */
export const DETECT_THRESHOLD: f32 = 0.3
/** A box counts if the mean probability in it is at least this. */
export const BOX_SCORE_MIN: f64 = 0.6
/** Boxes are grown by area x ratio / perimeter on every side. */
export const UNCLIP_RATIO: f64 = 1.6
/** Shorter side of a box in detector pixels, before and after it is grown. */
export const BOX_SIDE_MIN = 3
export const GROWN_SIDE_MIN = 5
/** Boxes looked at, and lines read, at most. */
export const BOXES_MAX = 1000
export const LINES_MAX = 64

/** Reader and direction input height, and the direction input's fixed width. */
export const LINE_HEIGHT = 48
export const DIRECTION_WIDTH = 192
/** Reader input width: at least this (padded with mid-grey) and at most that (squeezed). */
export const READ_WIDTH_MIN = 320
export const READ_WIDTH_MAX = 2560
/** A line is upside down if the classifier is surer of it than this. */
export const DIRECTION_SCORE_MIN: f32 = 0.9
/** A reading of the line as it stands that is this sure (in millionths) and this long needs no direction. */
export const SURE_CONFIDENCE = 950_000
export const SURE_CHARACTERS = 6
/** A reading less sure than this (in millionths) is tried the other way round too: noise misleads the classifier now and then. */
export const TURNED_CONFIDENCE_MIN = 900_000
export const UPRIGHT_CONFIDENCE_MIN = 600_000

/** An image up to this height, or this many times wider than high and up to that height, can be one line. */
export const LINE_IMAGE_HEIGHT = 64
export const LINE_IMAGE_ASPECT = 4
export const LINE_IMAGE_HEIGHT_WIDE = 160
/** A reading of a whole image as one line that is less sure than this (in millionths) competes with the detector's. */
export const LINE_IMAGE_CONFIDENCE = 850_000
