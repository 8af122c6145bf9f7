# assay_web_ui(assay_report): builds web/ui to one HTML file and links its bytes into the target.
# A second build does nothing unless a source changed.
# -DASSAY_UI_HTML=path takes a page that is built already; without npm, web/ui/dist is taken.
set(ASSAY_UI_HTML "" CACHE FILEPATH "a built index.html of web/ui to embed instead of building it")

set(ASSAY_UI_SOURCES
  index.html package.json package-lock.json .npmrc tsconfig.json vite.config.ts src/App.svelte
  src/app.css src/document.ts src/main.ts src/number.ts src/outline.ts src/blocks/Blocks.svelte
  src/blocks/ChartBlock.svelte src/blocks/Check.svelte src/blocks/Code.svelte
  src/blocks/Facts.svelte src/blocks/IntervalBar.svelte src/blocks/Name.svelte
  src/blocks/Notes.svelte src/blocks/Provenance.svelte src/blocks/Scorecard.svelte
  src/blocks/Section.svelte src/blocks/Table.svelte src/blocks/Verdict.svelte src/charts/band.ts
  src/charts/bars.ts src/charts/curve.ts src/charts/effect_intervals.ts
  src/charts/engine.svelte.ts src/charts/funnel.ts src/charts/interval_scale.ts
  src/charts/options.ts src/charts/retention_curve.ts src/charts/theme.ts
  src/charts/time_series_band.ts)

function(assay_web_ui target)
  set(ui ${PROJECT_SOURCE_DIR}/web/ui)
  find_program(NPM npm)
  if(ASSAY_UI_HTML)
    set(html ${ASSAY_UI_HTML})
  elseif(NPM)
    set(html ${CMAKE_BINARY_DIR}/web/ui/index.html)
    set(modules ${ui}/node_modules/.package-lock.json)
    list(TRANSFORM ASSAY_UI_SOURCES PREPEND ${ui}/ OUTPUT_VARIABLE sources)
    add_custom_command(OUTPUT ${modules}
      COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --silent
      COMMAND ${CMAKE_COMMAND} -E touch ${modules}
      DEPENDS ${ui}/package.json ${ui}/package-lock.json ${ui}/.npmrc
      WORKING_DIRECTORY ${ui} COMMENT "npm ci in web/ui" VERBATIM)
    add_custom_command(OUTPUT ${html}
      COMMAND node node_modules/vite/bin/vite.js build --logLevel warn
              --outDir ${CMAKE_BINARY_DIR}/web/ui --emptyOutDir
      COMMAND ${CMAKE_COMMAND} -E touch ${html}
      DEPENDS ${sources} ${modules}
      WORKING_DIRECTORY ${ui} COMMENT "vite build of web/ui" VERBATIM)
  elseif(EXISTS ${ui}/dist/index.html)
    set(html ${ui}/dist/index.html)
  else()
    message(FATAL_ERROR "the page needs npm (Debian: nodejs, npm), or -DASSAY_UI_HTML=<built page>")
  endif()
  set(ASSAY_UI_EMBED ${html})
  set(code ${CMAKE_BINARY_DIR}/web/ui_shell.cpp)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/ui_shell.cpp.in ${code} @ONLY)
  set_source_files_properties(${code} PROPERTIES OBJECT_DEPENDS ${html})
  target_sources(${target} PRIVATE ${code})
endfunction()
