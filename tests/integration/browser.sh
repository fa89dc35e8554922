# Sourced by tests that drive a real browser: headless Chromium, by WebDriver, with curl and jq.

has_browser() { command -v chromium >/dev/null && command -v chromedriver >/dev/null; }

# Sets $driver and $DRIVER.
start_driver() {
    chromedriver --port=0 >"$T/driver.log" 2>&1 &
    driver=$!
    for _ in $(seq 200); do
        DRIVER=$(sed -n 's/.*successfully on port \([0-9]*\).*/http:\/\/127.0.0.1:\1/p' "$T/driver.log")
        [ -n "$DRIVER" ] && return
        sleep 0.1
    done
    return 1
}

# Its answer's value, as JSON.
wd() { # method, path below the session, JSON
    curl -s -m 90 -X "$1" ${3:+-H 'Content-Type: application/json' -d "$3"} "$DRIVER/session/$session$2" | jq -c .value
}

# Sets $session.
open_browser() { # scripts: on | off
    local preferences='{}'
    [ "$1" = on ] || preferences='{"profile.managed_default_content_settings.javascript": 2}'
    session=''
    session=$(curl -s -m 90 -H 'Content-Type: application/json' "$DRIVER/session" -d '{"capabilities": {"alwaysMatch": {
        "goog:loggingPrefs": {"browser": "ALL"},
        "goog:chromeOptions": {"prefs": '"$preferences"', "args": ["--headless=new", "--no-sandbox", "--disable-gpu",
            "--disable-dev-shm-usage", "--hide-scrollbars", "--force-prefers-reduced-motion", "--no-first-run", "--user-data-dir='"$T/chromium-$1"'"]}}}}' |
        jq -r '.value.sessionId // empty')
    [ -n "$session" ]
}
close_browser() { wd DELETE '' >/dev/null; }

devtools() { # command, JSON of its parameters
    wd POST /goog/cdp/execute "{\"cmd\": \"$1\", \"params\": $2}"
}
go() { # address
    wd POST /url "$(jq -n --arg url "$1" '{url: $url}')" >/dev/null
}
script() { # JavaScript: its value as JSON
    wd POST /execute/sync "$(jq -n --arg script "$1" '{script: $script, args: []}')"
}
address() { wd GET /url | jq -r .; }
element() { # CSS selector: its id, or nothing
    wd POST /element "$(jq -n --arg css "$1" '{using: "css selector", value: $css}')" |
        jq -r '.["element-6066-11e4-a52e-4f735466cecf"] // empty'
}
link() { # text: its id
    wd POST /element "$(jq -n --arg text "$1" '{using: "link text", value: $text}')" |
        jq -r '.["element-6066-11e4-a52e-4f735466cecf"] // empty'
}
click() { wd POST "/element/$1/click" '{}' >/dev/null; }
type_into() { # element, text
    wd POST "/element/$1/value" "$(jq -n --arg text "$2" '{text: $text}')" >/dev/null
}
text_of() { wd GET "/element/$(element "$1")/text" | jq -r .; }
set_width() { # pixels
    devtools Emulation.setDeviceMetricsOverride \
        "{\"width\": $1, \"height\": 900, \"deviceScaleFactor\": 1, \"mobile\": false}" >/dev/null
}
set_scheme() { # light | dark
    devtools Emulation.setEmulatedMedia \
        "{\"features\": [{\"name\": \"prefers-color-scheme\", \"value\": \"$1\"}]}" >/dev/null
}
screenshot() { # file; the whole page
    devtools Page.captureScreenshot '{"format": "png", "captureBeyondViewport": true}' | jq -r .data | base64 -d >"$1"
}
# What the console said since it was last asked.
console() { wd POST /se/log '{"type": "browser"}' | jq -r '.[]? | "\(.level) \(.message)"'; }
