export interface Bundle {
  name: string;
  budget?: number;
}
export const BUNDLES: Bundle[];
