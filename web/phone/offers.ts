/** What can be asked for on the project of a form: fetched anew, else what was kept. */

import { computed, ref, shallowRef, watch, type ComputedRef, type Ref } from "vue";

import type { Told } from "../src/shared/session.js";
import { kept } from "./kept.js";
import { fetchOffer, type Offer } from "./requests.js";
import { errorWords } from "./words/index.js";

export interface Offered {
  readonly offer: Ref<Offer | null>;
  /** Why there is nothing to show. */
  readonly trouble: ComputedRef<Told | null>;
  load(): Promise<void>;
}

/** Follow the offer of a project. */
export function useOffer(projectId: () => string): Offered {
  const offer = shallowRef<Offer | null>(null);
  const told = ref<Told | null>(null);
  const load = async (): Promise<void> => {
    const id = projectId();
    if (id === "") return;
    told.value = null;
    offer.value = kept<Offer>(`offer.${id}`)?.value ?? null;
    try {
      const found = await fetchOffer(id);
      if (projectId() === id) offer.value = found;
    } catch (error) {
      told.value = errorWords(error);
    }
  };
  watch(projectId, load, { immediate: true });
  return { offer, trouble: computed(() => (offer.value === null ? told.value : null)), load };
}
