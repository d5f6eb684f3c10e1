// A page without a list: nothing to do but the theme.

showTheme();
document.documentElement.dataset.ready = "yes";
