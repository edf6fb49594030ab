// The slider over two versions of an image: left of it the old one shows, right of it the new one.

document.addEventListener("input", (event) => {
  const slider = event.target.closest?.("[data-image-slider]");
  if (slider) slider.style.setProperty("--split", `${event.target.value}%`);
});
