// Where photos come from: a file, a drop, the clipboard, the camera.

const $ = (id) => document.getElementById(id);

// `onPhoto` is given a Blob; `onTrouble` a sentence.
export function listenForPhotos(onPhoto, onTrouble) {
  const closeCamera = listenForCamera(onPhoto, onTrouble);
  const take = (photo) => {
    closeCamera();
    onPhoto(photo);
  };
  const file = $("file");
  file.addEventListener("change", () => {
    if (file.files[0]) take(file.files[0]);
    file.value = ""; // so that the same photo may be chosen again
  });
  for (const button of document.querySelectorAll("[data-open=file]")) {
    button.addEventListener("click", () => file.click());
  }
  document.addEventListener("paste", (event) => {
    const pasted = [...event.clipboardData.files].find(({ type }) => type.startsWith("image/"));
    if (pasted) take(pasted);
  });
  const field = ({ target }) => target.closest?.("input[type=file]"); // takes what is dropped on it
  document.addEventListener("dragover", (event) => {
    if (field(event)) return;
    event.preventDefault();
    document.body.classList.add("over");
  });
  document.addEventListener("dragleave", () => document.body.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    document.body.classList.remove("over");
    if (field(event)) return;
    event.preventDefault();
    if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
  });
}

// Returns what closes the camera where it is open.
function listenForCamera(onPhoto, onTrouble) {
  const buttons = document.querySelectorAll("[data-open=camera]");
  const video = $("video");
  // Browsers give the camera only to pages of this machine or over HTTPS.
  if (!navigator.mediaDevices?.getUserMedia) {
    for (const button of buttons) button.hidden = true;
    return () => {};
  }
  const close = () => {
    if (!video.srcObject) return;
    video.srcObject.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
    document.body.dispatchEvent(new CustomEvent("camera", { detail: false }));
  };
  let opening = false;
  const open = async () => {
    if (opening || video.srcObject) return;
    opening = true;
    try {
      const wanted = { facingMode: "environment", width: { ideal: 1280 } };
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: wanted });
      document.body.dispatchEvent(new CustomEvent("camera", { detail: true }));
      $("shoot").focus();
    } catch {
      onTrouble("The camera cannot be used: there is none, or it was not allowed.");
    } finally {
      opening = false;
    }
  };
  for (const button of buttons) button.addEventListener("click", open);
  $("shut").addEventListener("click", close);
  $("shoot").addEventListener("click", async () => {
    if (!video.videoWidth) return;
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    canvas.getContext("2d").drawImage(video, 0, 0);
    close();
    onPhoto(await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 }));
  });
  return close;
}
