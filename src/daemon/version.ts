/** The version of vRouter, and the version of Calico whose resources and messages it speaks. */
export const VERSION = '0.1.0';
export const CALICO_VERSION = 'v3.32.1';
