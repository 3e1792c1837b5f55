/** Of the package; a test holds it against package.json. Browsers have no file to read it from. */
export const VERSION = '0.1.0';
