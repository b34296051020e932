"""What the stages hand on: plain, frozen, valid by construction."""
