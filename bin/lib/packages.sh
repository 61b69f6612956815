# Installs missing Debian packages; sourced (bash) by what builds or measures.

packages_build=(g++ cmake ninja-build pkg-config libasio-dev libssl-dev libspdlog-dev libfmt-dev
  libgflags-dev libcli11-dev zlib1g-dev liblz4-dev libzstd-dev libdeflate-dev
  libcpp-httplib-dev prometheus-cpp-dev libyaml-cpp-dev)
packages_test=(libgtest-dev libgmock-dev libbenchmark-dev rapidjson-dev libsqlite3-dev nodejs
  npm openssl prometheus python3)
packages_bench=(valgrind linux-perf)
packages_peers=(rabbitmq-server nats-server librabbitmq-dev libnats-dev)
packages_fuzz=(clang libclang-rt-14-dev)

# install_packages NAME...: says which packages are missing and installs them, with sudo when the
# caller is not root. Leaves with a clear word when it cannot.
install_packages() {
  local missing=() package
  for package in "$@"; do
    if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
      case "$package" in
        # A newer node than Debian's, installed by other means, is as good.
        nodejs) command -v node >/dev/null && continue ;;
        npm) command -v npm >/dev/null && continue ;;
      esac
      missing+=("$package")
    fi
  done
  if [ ${#missing[@]} -eq 0 ]; then
    return 0
  fi
  if ! command -v apt-get >/dev/null; then
    echo "These Debian packages are needed and apt-get is not here to install them: ${missing[*]}" >&2
    return 1
  fi
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "Run as root (there is no sudo here): apt-get install ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "Installing Debian packages: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || return 1
  # Wanted for their programs; nobody asked for the servers that the packages start.
  local service
  for service in prometheus rabbitmq-server nats-server; do
    case " ${missing[*]} " in
      *" $service "*)
        if [ -d /run/systemd/system ]; then
          "${as_root[@]}" systemctl disable --now --quiet "$service" || true
        fi
        ;;
    esac
  done
}
