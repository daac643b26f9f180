/** The phone's camera as a stream on a video element, and single pictures out of it. */

import { onBeforeUnmount, ref, type Ref } from "vue";

export interface Camera {
  readonly isOpen: Ref<boolean>;
  readonly hasFailed: Ref<boolean>;
  open(video: HTMLVideoElement, facing: "user" | "environment"): Promise<void>;
  close(): void;
}

/** Use the camera as long as the component is shown. */
export function useCamera(): Camera {
  const isOpen = ref(false);
  const hasFailed = ref(false);
  let stream: MediaStream | null = null;
  let isGone = false;
  const close = (): void => {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    isOpen.value = false;
  };
  const open = async (video: HTMLVideoElement, facing: "user" | "environment"): Promise<void> => {
    hasFailed.value = false;
    try {
      const wanted = { facingMode: facing, width: { ideal: 1280 }, height: { ideal: 960 } };
      stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
      if (isGone) {
        close();
        return;
      }
      video.srcObject = stream;
      await video.play();
      isOpen.value = true;
    } catch {
      close();
      hasFailed.value = true;
    }
  };
  onBeforeUnmount(() => {
    isGone = true;
    close();
  });
  return { isOpen, hasFailed, open, close };
}

/** Longest side of a picture in pixels, and how hard it is packed. */
const LONGEST = 1280;
const QUALITY = 0.86;

/** Take a picture as it is seen by others: not mirrored. */
export async function pictureOf(video: HTMLVideoElement): Promise<Blob> {
  const scale = Math.min(1, LONGEST / Math.max(video.videoWidth, video.videoHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
  return new Promise((done, failed) => {
    canvas.toBlob((made) => {
      if (made === null) failed(new Error("CameraGaveNothing"));
      else done(made);
    }, "image/jpeg", QUALITY);
  });
}
