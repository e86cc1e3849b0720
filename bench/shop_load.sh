#!/usr/bin/env bash
# Loads two shops that sell ever faster, and says where that saturates (bench/shop_load.py; --help says how).
source "$(dirname "$0")/peers.sh"
programs=$(required plots bench/shop_load_requirements.txt)
exec "$programs/python" -B bench/shop_load.py "$@"
