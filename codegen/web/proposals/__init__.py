"""The pages that list, send, update and withdraw proposals."""
