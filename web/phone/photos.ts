/** Photos that the next tap takes along; they lie on the phone until the server has them. */

import { ref } from "vue";

import { client, countQueue } from "./state.js";

/** Their names, SHA-256 in hexadecimal. */
export const takenPhotos = ref<string[]>([]);

export async function keepPhoto(content: Blob): Promise<void> {
  takenPhotos.value = [...takenPhotos.value, await client().photos.add(content)].slice(-5);
  await countQueue();
}

export async function dropPhotos(): Promise<void> {
  await client().store.photos.bulkDelete(takenPhotos.value);
  takenPhotos.value = [];
  await countQueue();
}
